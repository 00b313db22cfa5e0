import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['*.suite.ts'], setupFiles: process.env['SETUP']?.split(',') ?? [], testTimeout: 20_000 } });
