#!/bin/sh
# Serves fewer users.
# refused: replicas-lowered
true
