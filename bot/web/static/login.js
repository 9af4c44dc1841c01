// The link that `emoteface panel` prints has its code behind the #, which no browser sends anywhere: it is filled in
// and sent from here, and taken out of the address.

const form = document.querySelector("[data-login-code]");

function enter() {
  const code = location.hash.slice(1);
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  form.elements.code.value = code;
  form.requestSubmit();
}

addEventListener("hashchange", enter); // the link was put into a page of ours that is open already
enter();
