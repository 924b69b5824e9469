// Submits what was typed and shows what came of it. Everything from the server is set as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
const WAIT_S = 30;

// Kept nowhere but in its field, and sent with every request once it is there.
const credentials = () => (at("key").value ? { Authorization: `Bearer ${at("key").value.trim()}` } : {});

async function listLanguages() {
  const answer = await fetch("/languages", { headers: credentials() });
  if (answer.status === 401) at("asks").hidden = false;
  if (!answer.ok) {
    at("verdict").textContent = (await answer.json()).detail;
    return;
  }
  at("verdict").textContent = "";
  at("language").replaceChildren();
  for (const language of (await answer.json()).languages) {
    const label = language.available ? language.version ?? language.name : `${language.name} (no worker yet)`;
    at("language").append(new Option(label, language.name));
  }
}

function decoded(result, stream) {
  if (result.encoding !== "base64") return result[stream];
  const bytes = Uint8Array.from(atob(result[stream]), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function show(status, body) {
  if (status === 200) {
    const evidence = body.evidence?.how ? ` · ${body.evidence.how}` : "";
    const took = body.wallMs == null ? "" : ` · ${Math.round(body.wallMs)} ms`;
    at("verdict").textContent = `${body.verdict}${took}${evidence}`;
    at("stdout").textContent = decoded(body, "stdout");
    at("stderr").textContent = decoded(body, "stderr");
  } else {
    at("verdict").textContent = body.detail ?? `${body.state}: ask ${body.links.result} later`;
  }
}

async function run(event) {
  event.preventDefault();
  const button = at("job").querySelector("button");
  button.disabled = true;
  at("verdict").textContent = "running";
  at("stdout").textContent = at("stderr").textContent = "";
  try {
    const answer = await fetch("/submit", {
      method: "POST",
      headers: { "Content-Type": "application/json", Prefer: `wait=${WAIT_S}`, ...credentials() },
      body: JSON.stringify({
        problemId: "start-page",
        code: at("code").value,
        language: at("language").value,
        stdin: at("stdin").value,
      }),
    });
    show(answer.status, await answer.json());
  } catch (error) {
    at("verdict").textContent = `The server could not be asked: ${error.message}`;
  } finally {
    button.disabled = false;
  }
}

at("job").addEventListener("submit", run);
at("code").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("job").requestSubmit();
});
function begin() {
  listLanguages().catch((error) => {
    at("verdict").textContent = `The server could not be asked: ${error.message}`;
  });
}

at("key").addEventListener("change", begin);
begin();
