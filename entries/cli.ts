#!/usr/bin/env node
// The command line.
import "../lib/cli/main.js";
