/* Sends one photo in pieces of 256 KiB, each with its SHA-256; goes on where the last try stopped. */

const PIECE = 256 * 1024;
const BASE = "/api/v1/files/uploads";
const RESTING = (status) => status === 429 || status >= 500;

export const hex = async (blob) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))].map((b) => b.toString(16).padStart(2, "0")).join("");

async function ask(url, init, csrf) {
  const answer = await fetch(url, { credentials: "same-origin", ...init, headers: { "X-CSRFToken": csrf, Accept: "application/json", ...init.headers } });
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 409 && Number.isInteger(said.offset)) return said; // the server knows better where we stand
  if (!answer.ok) throw Object.assign(new Error(said.title ?? `${answer.status}`), { resting: RESTING(answer.status), status: answer.status });
  return said;
}

/* Resolves to the upload's key (for attaching); throws with `resting` when a later try may succeed. */
export async function upload(photo, csrf, tell = () => {}) {
  const { blob } = photo;
  const start = { name: photo.name, size: blob.size, sha256: photo.sha256, client_uuid: photo.uuid };
  const begun = await ask(BASE, { method: "POST", body: JSON.stringify(start), headers: { "Content-Type": "application/json" } }, csrf);
  let [at, tries] = [begun.offset, 0];
  while (begun.state === "uploading" && at < blob.size) {
    const piece = blob.slice(at, at + PIECE);
    const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": `${at}`, "Upload-SHA256": await hex(piece) };
    const said = await ask(`${BASE}/${begun.upload}`, { method: "PATCH", body: piece, headers }, csrf);
    if (said.offset <= at && ++tries > 3) throw Object.assign(new Error("no progress"), { resting: true });
    at = said.offset;
    tell(at / blob.size);
  }
  if (begun.state === "uploading") await ask(`${BASE}/${begun.upload}/finish`, { method: "POST" }, csrf);
  return begun.upload;
}
