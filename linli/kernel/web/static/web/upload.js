/* Sends one photo in pieces of 256 KiB, each with its SHA-256; goes on where the last try stopped. */

const PIECE = 256 * 1024;
const BASE = "/api/v1/files/uploads";
const RESTING = (status) => status === 0 || status === 429 || status >= 500;

export const hex = async (blob) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))].map((b) => b.toString(16).padStart(2, "0")).join("");

async function ask(url, init, csrf) {
  const answer = await fetch(url, { credentials: "same-origin", ...init, headers: { "X-CSRFToken": csrf, Accept: "application/json", ...init.headers } });
  if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { resting: RESTING(answer.status), status: answer.status });
  return answer.json();
}

/* Resolves to the server's file id; throws with `resting` when a later try may succeed. */
export async function upload(photo, item, csrf, tell = () => {}) {
  const { blob } = photo;
  const start = { name: photo.name, size: blob.size, sha256: photo.sha256, content_type: blob.type, client_uuid: photo.uuid, item };
  const begun = await ask(BASE, { method: "POST", body: JSON.stringify(start), headers: { "Content-Type": "application/json" } }, csrf);
  let at = begun.received ?? 0;
  while (at < blob.size) {
    const piece = blob.slice(at, at + PIECE);
    const headers = { "Content-Type": "application/octet-stream", "X-Piece-SHA256": await hex(piece) };
    const said = await ask(`${BASE}/${begun.id}?offset=${at}`, { method: "PUT", body: piece, headers }, csrf);
    if (!(said.received > at)) throw Object.assign(new Error("no progress"), { resting: true });
    at = said.received;
    tell(at / blob.size);
  }
  return begun.file ?? begun.id;
}
