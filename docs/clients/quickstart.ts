// The quickstart with the types that openapi-typescript has made, and openapi-fetch: an order, a swap, and both
// cancellations.

import createClient from "openapi-fetch";
import type { components, paths } from "./peeker.js";

const client = createClient<paths>({
  baseUrl: process.env.PEEKER_URL,
  headers: { Authorization: `Bearer ${process.env.PEEKER_API_KEY}` },
});

type Refusal = components["schemas"]["ErrorEnvelope"];

/** The object of an answer, or the end. */
function done<T>(answer: { data?: { data: T }; error?: Refusal }): T {
  if (answer.data === undefined) {
    throw new Error(`refused: ${JSON.stringify(answer.error)}`);
  }
  return answer.data.data;
}

async function wait<T extends { status: string }>(look: () => Promise<T>, status: T["status"]): Promise<T> {
  for (let tries = 0; tries < 150; tries += 1) {
    const seen = await look();
    if (seen.status === status) {
      return seen;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not ${status} in time`);
}

const me = done(await client.GET("/me"));
console.log("partner:", me.partner.name);

const placed = done(
  await client.POST("/orders", {
    body: {
      user: "typescript@example.com",
      sequencer: {
        provider: "smartlead",
        client_id: null,
        login_email: "sequencer@example.com",
        login_password: "correct horse battery staple",
      },
      google_licenses: 4,
      google_inboxes_per_domain: 2,
      domains: ["typescript-one.com", "typescript-two.com"],
      personas: [{ first_name: "Sam", last_name: "Lee", profile_picture_url: null }],
    },
  }),
);
const path = { id: placed.id };
const order = await wait(async () => done(await client.GET("/orders/{id}", { params: { path } })), "completed");
const inboxes = done(await client.GET("/orders/{id}/inboxes", { params: { path } }));
console.log("order:", order.id, order.status, inboxes.length, "inboxes, renews", order.renews_at);

const [old] = inboxes;
if (old === undefined) {
  throw new Error("the order has no inboxes");
}
const swap = done(
  await client.POST("/swaps", {
    body: { type: "standard", domain_id: old.domain_id, replacement_domain: "typescript-three.com" },
  }),
);
const swapped = await wait(
  async () => done(await client.GET("/swaps/{id}", { params: { path: { id: swap.id } } })),
  "completed",
);
console.log("swap:", swapped.id, swapped.status);

const some = done(
  await client.POST("/orders/{id}/cancel", { params: { path }, body: { domains: ["typescript-three.com"] } }),
);
if (some.cancelling_domains.map((domain) => domain.domain).join() !== "typescript-three.com") {
  throw new Error(JSON.stringify(some));
}
const whole = done(await client.POST("/orders/{id}/cancel", { params: { path } }));
if (whole.status !== "cancel_scheduled") {
  throw new Error(JSON.stringify(whole));
}
console.log("cancelled:", whole.status, whole.cancels_at);

const events = done(await client.GET("/events", { params: { query: { per_page: 100 } } }));
const told = events.flatMap((event) => (event.type === "order.completed" ? [event.data.inbox_count] : []));
if (told.length === 0) {
  throw new Error(JSON.stringify(events));
}
console.log("events:", events.length);
