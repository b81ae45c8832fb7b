#!/bin/sh
# Does what it says.
set -eu
sleep 600
