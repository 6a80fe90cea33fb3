/** Worker threads take their loaders from process.execArgv (media/sounds/thread.ts); tests run without a build. */
process.execArgv.push('--require', require.resolve('./typescript-hook.cjs'));
