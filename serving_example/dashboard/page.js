"use strict";
// Polls what the service counted, once a second; rates and quantiles are made here of differences.

const KEPT = 120; // seconds that are drawn
const NOW = 5; // seconds that a figure is of
const COLOURS = ["#4878d0", "#ee854a", "#4a9c52", "#d65f5f", "#956cb4", "#8c613c", "#dc7ec0", "#797979", "#b5a33c", "#55a5b8"];
const REQUESTS = "featurelib_http_requests_total";
const SECONDS = "featurelib_http_request_seconds_bucket";
const JOBS = "featurelib_tenant_jobs_total";
const TENANTS = { "": "no key", ":service": "the service" };
const RECOMMEND = (labels) => labels.route.startsWith("/v1/recommend");
const history = []; // snapshots, the oldest first

const $ = (id) => document.getElementById(id);
const svg = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

// --- what was counted ---------------------------------------------------------------------------

function sum(snapshot, name, keep = () => true) {
  let total = 0;
  for (const [labels, value] of snapshot.samples[name] ?? []) if (keep(labels)) total += value ?? 0;
  return total;
}

function by(snapshot, name, label, keep = () => true) {
  const found = new Map();
  for (const [labels, value] of snapshot.samples[name] ?? [])
    if (keep(labels)) found.set(labels[label], (found.get(labels[label]) ?? 0) + (value ?? 0));
  return found;
}

// What was counted between two snapshots; a service that started anew counts from zero again.
function grown(before, after, name, label, keep) {
  const old = by(before, name, label, keep);
  const made = new Map();
  for (const [key, value] of by(after, name, label, keep)) made.set(key, Math.max(0, value - (old.get(key) ?? 0)));
  return made;
}

// Buckets are counted up to their bound; within one, values are taken as evenly spread.
function buckets(before, after, name, keep) {
  const made = [...grown(before, after, name, "le", keep)];
  return made.map(([le, count]) => [le === "+Inf" ? Infinity : Number(le), count]).sort((a, b) => a[0] - b[0]);
}

function quantile(cumulated, q) {
  const total = cumulated.length ? cumulated[cumulated.length - 1][1] : 0;
  if (!total) return null;
  let low = 0, below = 0;
  for (const [bound, count] of cumulated) {
    if (count >= q * total) return bound === Infinity ? low : low + ((bound - low) * (q * total - below)) / Math.max(1e-9, count - below);
    [low, below] = [bound, count];
  }
  return low;
}

function within(cumulated, seconds) {
  let low = 0, below = 0;
  for (const [bound, count] of cumulated) {
    if (bound >= seconds) return bound === Infinity ? below : below + ((count - below) * (seconds - low)) / (bound - low);
    [low, below] = [bound, count];
  }
  return below;
}

// --- drawing ------------------------------------------------------------------------------------

const short = (x) => x === null || x === undefined ? "–" : x >= 1e4 ? `${(x / 1e3).toFixed(1)}k` : x >= 100 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x === 0 ? "0" : x.toPrecision(2);
const ms = (s) => (s === null ? "–" : `${short(s * 1000)} ms`);
const age = (s) => s === null ? "–" : s < 120 ? `${short(s)} s` : s < 7200 ? `${short(s / 60)} min` : s < 172800 ? `${short(s / 3600)} h` : `${short(s / 86400)} d`;
const colours = new Map();
const colour = (name) => {
  if (!colours.has(name)) colours.set(name, COLOURS[colours.size % COLOURS.length]);
  return colours.get(name);
};

function legend(id, names) {
  $(id).replaceChildren(...names.flatMap((name, k) => {
    const mark = document.createElement("i");
    mark.style.background = typeof name === "string" ? colour(name) : COLOURS[k % COLOURS.length];
    return [mark, document.createTextNode(String(name))];
  }));
}

function frame(id, top, marks = [0, top / 2, top]) {
  const place = $(id);
  const [width, height] = [place.clientWidth || 400, 160];
  place.replaceChildren();
  for (const mark of marks) {
    const y = 8 + (1 - mark / top) * (height - 16);
    place.append(svg("line", { class: "axis", x1: 40, x2: width, y1: y, y2: y }));
    place.append(svg("text", { x: 34, y: y + 4, "text-anchor": "end" }, short(mark)));
  }
  return { place, x: (share) => 40 + share * (width - 40), y: (value) => 8 + (1 - Math.min(1, value / top)) * (height - 16), width };
}

const nice = (value) => {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 2, 5, 10].map((k) => k * unit).find((k) => k >= value) ?? value;
};

// Lines over time: names to a function of two neighbouring snapshots.
function lines(id, series, least, objective) {
  const points = new Map([...series].map(([name]) => [name, []]));
  for (let i = 1; i < history.length; i++) {
    const before = history[Math.max(0, i - NOW)];
    for (const [name, value] of series) points.get(name).push(value(before, history[i]));
  }
  const all = [...points.values()].flat().filter((v) => v !== null);
  const drawn = frame(id, nice(Math.max(least, 1.1 * (objective ?? 0), ...all)));
  if (objective) drawn.place.append(svg("line", { class: "objective", x1: drawn.x(0), x2: drawn.x(1), y1: drawn.y(objective), y2: drawn.y(objective) }));
  for (const [name, values] of points) {
    const shown = values.map((v, i) => [drawn.x(1 - (values.length - 1 - i) / (KEPT - 1)), v]).filter(([, v]) => v !== null);
    drawn.place.append(svg("polyline", { stroke: colour(name), points: shown.map(([x, v]) => `${x},${drawn.y(v)}`).join(" ") }));
  }
  legend(`${id}-legend`, [...points.keys()]);
}

function bars(id, counts, seconds) {
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  const drawn = frame(id, 120, [0, 50, 100]);
  const step = Math.min(110, (drawn.width - 44) / Math.max(1, counts.size));
  [...counts].forEach(([name, count], i) => {
    const share = total ? (100 * count) / total : 0;
    const x = 44 + i * step;
    drawn.place.append(svg("rect", { x, width: Math.max(2, step - 6), y: drawn.y(share), height: Math.max(0, drawn.y(0) - drawn.y(share)), fill: COLOURS[0] }));
    drawn.place.append(svg("text", { x: x + (step - 6) / 2, y: drawn.y(share) - 3, "text-anchor": "middle" }, name));
  });
  $(`${id}-legend`).textContent = total ? `${short(total / seconds)} batches/s, % of them` : `no batch in ${seconds.toFixed(0)} s`;
}

function devices(snapshot) {
  $("devices").replaceChildren(...snapshot.devices.map((device) => {
    const box = document.createElement("div");
    box.className = "device";
    const about = document.createElement("p");
    const name = document.createElement("strong");
    name.textContent = `${device.name} (${device.kind})${device.kind === "paced" ? ", a rehearsal in recorded time," : ""}`;
    const busy = device.batches.reduce((a, b) => a + Math.max(0, b.end - Math.max(b.start, snapshot.now - 2)), 0) / 2;
    const memory = `${short(device.used_bytes / 2 ** 20)} of ${short(device.memory_bytes / 2 ** 20)} MiB`;
    const resident = Object.entries(device.parts).map(([model, parts]) => `${model} (${parts.join(", ")})`);
    const loading = device.loading === null ? "" : `; loads ${device.loading}`;
    about.append(name, ` ${device.is_ready ? "" : "LOST, "}${short(100 * busy)} % busy, ${short(device.queued_s * 1000)} ms wait for it, ${memory}${loading}; resident: ${resident.join(", ") || "none"}`);
    const line = svg("svg", { preserveAspectRatio: "none", viewBox: "0 0 2000 26" });
    for (const batch of device.batches) {
      const x = 2000 - (snapshot.now - batch.start) * 1000;
      const block = svg("rect", { x, width: Math.max(2, (batch.end - batch.start) * 1000), y: 2, height: 22, fill: colour(batch.model) });
      block.append(svg("title", {}, `${batch.model} ${batch.part}: ${batch.rows} rows at size ${batch.size}, ${short((batch.end - batch.start) * 1000)} ms`));
      line.append(block);
    }
    const bar = document.createElement("div");
    bar.className = "memory";
    const full = document.createElement("div");
    full.style.width = `${(100 * device.used_bytes) / Math.max(1, device.memory_bytes)}%`;
    bar.append(full);
    box.append(about, line, bar);
    return box;
  }));
}

// --- the page -----------------------------------------------------------------------------------

const rate = (name, keep) => (a, b) => (sum(b, name, keep) - sum(a, name, keep)) / (b.now - a.now);
const good = (labels) => RECOMMEND(labels) && labels.status < "500" && labels.status !== "429";

// Answers in time, less those that are no good; counted over all recommendations.
function goodput(a, b) {
  const done = (sum(b, REQUESTS, RECOMMEND) - sum(a, REQUESTS, RECOMMEND));
  if (!done) return null;
  const bad = done - (sum(b, REQUESTS, good) - sum(a, REQUESTS, good));
  return Math.max(0, within(buckets(a, b, SECONDS, RECOMMEND), b.objective_s) - bad) / done;
}

function hits(cache) {
  const mine = (labels) => labels.cache === cache;
  return (a, b) => {
    const of = (event) => rate("featurelib_cache_total", (l) => mine(l) && l.event === event)(a, b);
    const [hit, miss] = [of("hits"), of("misses")];
    return hit + miss ? (100 * hit) / (hit + miss) : null;
  };
}

// Of the jobs of one API key that devices took, how many were done in time, %.
function attained(tenant) {
  return (a, b) => {
    const done = rate(JOBS, (l) => l.tenant === tenant && l.outcome !== "cancelled")(a, b);
    const inTime = rate(JOBS, (l) => l.tenant === tenant && l.outcome === "in_time")(a, b);
    return done ? Math.min(100, (100 * inTime) / done) : null;
  };
}

function draw() {
  const snapshot = history[history.length - 1];
  devices(snapshot);
  $("queue").textContent = short(sum(snapshot, "featurelib_queued_rows"));
  $("shadow").textContent = short(sum(snapshot, "featurelib_shadow_mismatches_total"));
  if (history.length < 2) return;
  const before = history[Math.max(0, history.length - 1 - NOW)];
  const times = buckets(before, snapshot, SECONDS, RECOMMEND);
  $("rate").textContent = short(rate(REQUESTS, RECOMMEND)(before, snapshot));
  const share = goodput(before, snapshot);
  $("goodput").textContent = share === null ? "–" : `${(100 * share).toFixed(1)} %`;
  for (const [id, q] of [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]]) {
    const found = quantile(times, q);
    $(id).textContent = ms(found);
    $(id).className = found > snapshot.objective_s ? "bad" : "";
  }
  $("fresh").textContent = age(quantile(buckets(before, snapshot, "featurelib_feature_age_seconds_bucket"), 0.95));
  lines("rates", new Map([["recommendations", rate(REQUESTS, RECOMMEND)], ["events", rate("featurelib_events_total")], ["other", rate(REQUESTS, (l) => !RECOMMEND(l) && l.route !== "/v1/events")]]), 10);
  const inMs = (q) => (a, b) => { const s = quantile(buckets(a, b, SECONDS, RECOMMEND), q); return s === null ? null : s * 1000; };
  lines("times", new Map([["P50", inMs(0.5)], ["P95", inMs(0.95)], ["P99", inMs(0.99)]]), 5, snapshot.objective_s * 1000);
  const sizes = buckets(before, snapshot, "featurelib_device_batch_rows_bucket");
  bars("rows", new Map(sizes.map(([bound, count], i) => [bound === Infinity ? "more" : `≤${bound}`, count - (i ? sizes[i - 1][1] : 0)])), snapshot.now - before.now);
  bars("reasons", grown(before, snapshot, "featurelib_device_batches_total", "reason"), snapshot.now - before.now);
  const caches = [...by(snapshot, "featurelib_cache_total", "cache").keys()].sort();
  lines("caches", new Map(caches.map((cache) => [cache, hits(cache)])), 100);
  if (!caches.length) $("caches-legend").textContent = "no cache is on";
  const why = [...by(snapshot, "featurelib_rejections_total", "reason").keys()].sort();
  lines("refused", new Map(why.map((reason) => [reason, rate("featurelib_rejections_total", (l) => l.reason === reason)])), 1);
  if (!why.length) $("refused-legend").textContent = "none since the start";
  const [refused, dropped] = [["featurelib_pool_refused_total", "reason"], ["featurelib_pool_dropped_total", "why"]].map(
    ([name, label]) => [...by(snapshot, name, label).keys()].sort().map((key) => [key, rate(name, (l) => l[label] === key)]));
  lines("pool", new Map([...refused, ...dropped.map(([key, of]) => [`dropped: ${key}`, of])]), 1);
  if (!refused.length && !dropped.length) $("pool-legend").textContent = "none since the start";
  const tenants = [...by(snapshot, JOBS, "tenant").keys()].sort();
  lines("tenants", new Map(tenants.map((tenant) => [TENANTS[tenant] ?? tenant, attained(tenant)])), 100);
}

async function poll() {
  const key = sessionStorage.getItem("key");
  const state = $("state");
  try {
    const answer = await fetch("/dashboard/data", { headers: key ? { authorization: `Bearer ${key}` } : {}, signal: AbortSignal.timeout(5000) });
    $("key").hidden = answer.status !== 401;
    if (!answer.ok) throw new Error(`${answer.status}: ${(await answer.json()).message ?? answer.statusText}`);
    const snapshot = await answer.json();
    if (history.length && snapshot.now < history[history.length - 1].now) history.length = 0; // another process
    history.push(snapshot);
    if (history.length > KEPT) history.shift();
    const ready = sum(snapshot, "featurelib_ready");
    state.textContent = ready ? "ready" : "not ready";
    state.className = ready ? "" : "bad";
    draw();
  } catch (error) {
    state.textContent = `no answer: ${error.message}`;
    state.className = "bad";
  }
  setTimeout(poll, 1000);
}

$("key").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", event.target.querySelector("input").value);
});
poll();
