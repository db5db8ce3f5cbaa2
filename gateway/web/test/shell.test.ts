import { describe, expect, it } from 'vitest';
import { outdated, plan } from '../src/shell/shell.js';

const SCOPE = 'https://home.example/janet/';
const FILES = ['index.html', 'assets/index-1a2b.js', 'theme.js', 'favicon.svg'];

function ask(url: string, { method = 'GET', mode = 'cors' } = {}) {
  return plan({ method, mode, url: new URL(url, SCOPE).href }, SCOPE, FILES);
}

describe('what the service worker answers', () => {
  it('the page is fetched, and kept for when the server is away', () => {
    for (const url of ['./', './?x=1', 'index.html']) expect(ask(url, { mode: 'navigate' })).toEqual({ how: 'fresh', file: 'index.html' });
    expect(ask('theme.js')).toEqual({ how: 'fresh', file: 'theme.js' });
  });

  it('what has a version in its name is taken as it was kept', () => {
    expect(ask('assets/index-1a2b.js')).toEqual({ how: 'kept', file: 'assets/index-1a2b.js' });
  });

  it.each([
    'v1/chat/completions',
    'v1/models',
    'healthz',
    'metrics',
    'ws',
    'ws?client_id=1',
    'sample-question.wav',
    'assets/index-other.js',
    'theme.js?x=1',
    'https://home.example/theme.js',
    'https://elsewhere.example/janet/theme.js',
    'https://home.example/',
  ])('%s is none of its business', (url) => {
    expect(ask(url)).toEqual({ how: 'not_ours' });
  });

  it('neither is another page, nor anything that is sent', () => {
    expect(ask('metrics', { mode: 'navigate' })).toEqual({ how: 'not_ours' });
    expect(ask('assets/index-1a2b.js', { mode: 'navigate' })).toEqual({ how: 'not_ours' });
    expect(ask('index.html', { method: 'POST' })).toEqual({ how: 'not_ours' });
  });

  it('two versions are kept, the newest ones, and nobody else’s are touched', () => {
    expect(outdated(['janet-shell-a', 'other', 'janet-shell-b', 'janet-shell-c'], 'janet-shell-')).toEqual(['janet-shell-a']);
    expect(outdated(['janet-shell-b', 'janet-shell-c'], 'janet-shell-')).toEqual([]);
  });
});
