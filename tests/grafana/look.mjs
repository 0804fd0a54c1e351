#!/usr/bin/env node
// Draws the shipped dashboards, or those that are named, and keeps a picture of each in docs/images.
// Usage: look.mjs PROMETHEUS_URL [UID..]
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dashboards = join(here, '../../grafana/dashboards');
const images = process.env.LOOK_IMAGES ?? join(here, '../../docs/images');
const [prometheus, ...named] = process.argv.slice(2);
if (!prometheus) throw new Error('usage: look.mjs PROMETHEUS_URL [UID..]');
const shipped = readdirSync(dashboards).sort().map((file) => basename(file, '.json'));
const wanted = named.length ? named : shipped;

const bundle = await build({
  entryPoints: [join(here, 'page.jsx')], bundle: true, write: false, format: 'esm', target: 'es2022',
  jsx: 'automatic', define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.woff2': 'dataurl', '.css': 'text' }, logLevel: 'error',
});
const page = `<!doctype html><meta charset="utf-8"><title>look</title><style>
body{margin:0;background:#111217;color:#ccccdc;font:14px "DejaVu Sans",sans-serif}
.place{position:absolute}.empty{display:flex;height:100%;align-items:center;justify-content:center;color:#ccccdcaa;text-align:center}
.heading{position:absolute;white-space:nowrap;margin:0;left:8px;font-size:16px}.top{padding:12px 8px;display:flex;gap:20px;font-size:16px}.top span{color:#6e9fff;font-size:13px}
</style><div id="root"></div><script type="module" src="/page.js"></script>`;

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://look');
  try {
    if (url.pathname === '/') response.setHeader('content-type', 'text/html').end(page);
    else if (url.pathname === '/page.js') response.setHeader('content-type', 'text/javascript').end(bundle.outputFiles[0].contents);
    else if (url.pathname.startsWith('/board/')) response.end(readFileSync(join(dashboards, `${basename(url.pathname)}.json`)));
    else if (url.pathname.startsWith('/prometheus/')) {
      const answer = await fetch(prometheus + url.pathname.slice('/prometheus'.length) + url.search);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    } else response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const address = `http://127.0.0.1:${server.address().port}`;

const profile = mkdtempSync(join(tmpdir(), 'look-'));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, userDataDir: profile,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
let bad = 0;
try {
  mkdirSync(images, { recursive: true });
  for (const uid of wanted) {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => { console.error(`${uid}: ${error.message}`); bad += 1; });
    await tab.setViewport({ width: 1600, height: 3000 });
    await tab.goto(`${address}/?uid=${uid}&seconds=${process.env.LOOK_SECONDS ?? 200}`);
    await tab.waitForFunction('window.waiting === 0', { timeout: 60000 });
    await tab.waitForNetworkIdle();
    for (const problem of await tab.evaluate('window.problems')) { console.error(`${uid}: ${problem}`); bad += 1; }
    const height = await tab.evaluate(() => document.getElementById("root").firstElementChild.offsetHeight);
    const picture = join(images, `${uid}.png`);
    await tab.screenshot({ path: picture, clip: { x: 0, y: 0, width: 1600, height } });
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--ext', '.png', '--speed', '1', '256', picture]);
    console.log(`${uid}: ${statSync(picture).size} bytes`);
    await tab.close();
  }
} finally {
  await browser.close();
  server.close();
  rmSync(profile, { recursive: true, force: true });
}
process.exitCode = bad ? 1 : 0;
