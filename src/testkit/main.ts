#!/usr/bin/env node
/** Checks the Node version, then loads the rest: older versions fail on its syntax or its modules. */
import { requireNode } from '../support/node-version';

requireNode();
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded before the check
require('./cli');
