#!/bin/sh
# The compiler with libFuzzer's instrumentation, for our own crates alone: the dependencies stay as
# they are compiled for the tests.
rustc=$1
shift
case " $* " in
*' --crate-name warrener '* | *'--crate-name webhook '* | *'--crate-name playbook '* | \
  *'--crate-name configuration '* | *'--crate-name env '* | *'--crate-name exposition '*) ;;
*) exec "$rustc" "$@" ;;
esac
exec "$rustc" "$@" --cfg fuzzing -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
