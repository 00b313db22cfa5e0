#!/usr/bin/env node
import '@vimage/imgctl/main';
