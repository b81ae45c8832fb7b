#!/bin/sh
# Deletes the service.
# refused: replicas-lowered
true
