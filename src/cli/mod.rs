//! The command line: arguments in, calls into the library, an exit code out.
