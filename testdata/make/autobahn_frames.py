"""tshark_frames.py for payloads whose text, as tshark prints it, is no XML: the offending characters become "?"."""
import os, re, runpy, sys
import xml.etree.ElementTree as xml

parse = xml.fromstring
xml.fromstring = lambda pdml: parse(re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?",
                                           pdml.decode("utf-8", "replace")).encode())
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "tshark_frames.py"), run_name="__main__")
