#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image: see docs/instructors.md.

set -eu
apt-get update
apt-get install -y bubblewrap gcc make
useradd --create-home grader # the submissions do not run as root
chmod -R go+rX /autograder/source
/autograder/source/tests/grade --build
