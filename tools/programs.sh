# Sourced from the root of the repository: builds the programs that WSLENS and WORKLOAD do not name.
if [ -z "${WSLENS:-}" ]; then
  cargo build --release --locked --bin wslens
  WSLENS=target/release/wslens
fi
if [ -z "${WORKLOAD:-}" ]; then
  cargo build --release --locked --example workload
  WORKLOAD=target/release/examples/workload
fi
