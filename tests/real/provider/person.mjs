// The person at the browser: follows a URL, signs in, consents, and comes back to whoever asked.
//
// `node person.mjs [--as NAME] [--cookies FILE] [--cancel] [--stop] URL`: NAME is typed as the name (alice), and `alice` as the password; with
// --cookies the browser remembers its cookies in FILE from one run to the next; with --cancel the person does not consent; with
// --stop the browser does not go where the provider sends it last, as if it were on another machine, and that address is printed.
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    as: { type: 'string', default: 'alice' },
    cookies: { type: 'string' },
    cancel: { type: 'boolean' },
    stop: { type: 'boolean' },
  },
});
const url = positionals.at(-1);
const provider = new URL(url).origin;
const cookies = new Map(options.cookies && existsSync(options.cookies) ? JSON.parse(readFileSync(options.cookies)) : []);

function keep(line) {
  const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
  if (/;\s*max-age=0\b/i.test(line)) cookies.delete(name);
  else cookies.set(name, value);
  if (options.cookies) writeFileSync(options.cookies, JSON.stringify([...cookies]));
}

// Not `fetch`: that is what a page's script does, and kubesesame answers those who navigate.
async function visit(address, form) {
  const headers = {};
  if (new URL(address).origin === provider) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  if (form) headers['content-type'] = 'application/x-www-form-urlencoded';
  const asked = request(address, { method: form ? 'POST' : 'GET', headers });
  asked.end(form && new URLSearchParams(form).toString());
  const [response] = await once(asked, 'response');
  for (const line of response.headers['set-cookie'] ?? []) keep(line);
  const { location } = response.headers;
  return { status: response.statusCode, next: location && new URL(location, address).href, body: await text(response) };
}

// The fields of the page's form, filled in by a person who wants to get on.
function filled(body) {
  const fields = [...body.matchAll(/<input([^>]*)>/g)].map(([, attributes]) => {
    const attribute = (name) => attributes.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1];
    const type = attribute('type') ?? 'text';
    if (type === 'password') return [attribute('name'), 'alice'];
    if (type === 'hidden') return [attribute('name'), attribute('value') ?? ''];
    return [type === 'text' && attribute('name'), attribute('value') || options.as];
  });
  return Object.fromEntries(fields.filter(([name]) => name));
}

let page = await visit(url);
let address = url;
for (let step = 0; step < 30; step += 1) {
  if (page.next) {
    if (new URL(page.next).origin !== provider && options.stop) {
      console.log(page.next);
      process.exit(0);
    }
    address = page.next;
    page = await visit(address);
    continue;
  }
  const action = page.body.match(/<form[^>]*action="([^"]*)"/)?.[1];
  if (!action || new URL(address).origin !== provider) break;
  const abort = page.body.match(/href="([^"]*\/abort)"/)?.[1];
  if (options.cancel && abort) {
    page = await visit(new URL(abort, address).href);
    continue;
  }
  address = new URL(action.replaceAll('&amp;', '&'), address).href;
  page = await visit(address, filled(page.body));
}
if (page.status !== 200) {
  console.error(`the browser ended with ${page.status} at ${new URL(address).origin}${new URL(address).pathname}: ${page.body.slice(0, 300)}`);
  process.exit(1);
}
