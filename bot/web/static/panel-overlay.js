// The overlay's address is fetched when somebody wants to see or copy it, and at no other time.

const field = document.getElementById("address");
const status = document.getElementById("address-status");

async function address() {
  const answer = await fetch(field.dataset.source);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

async function doing(work, done) {
  try {
    await work();
    status.textContent = done;
  } catch {
    status.textContent = field.dataset.failed;
  }
}

document.getElementById("show-address").addEventListener("click", ({ currentTarget }) => {
  if (field.value) {
    field.value = "";
    currentTarget.setAttribute("aria-pressed", "false");
    return;
  }
  doing(async () => {
    field.value = await address();
    field.select();
    document.getElementById("show-address").setAttribute("aria-pressed", "true");
  }, "");
});

document.getElementById("copy-address").addEventListener("click", ({ currentTarget }) => {
  doing(async () => navigator.clipboard.writeText(await address()), currentTarget.dataset.done);
});
