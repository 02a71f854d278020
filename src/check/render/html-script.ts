/** The only script of the page: it filters the tables of checks and copies commands. */
export const SCRIPT = `
for (const form of document.querySelectorAll('form.filter')) {
  const rows = [...document.getElementById(form.dataset.for).tBodies[0].rows];
  const show = () => {
    const words = form.elements.text.value.toLowerCase().split(' ').filter(Boolean);
    const state = form.elements.state.value;
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !((state === '' || row.dataset.state === state) && words.every((word) => text.includes(word)));
      if (!row.hidden) shown += 1;
    }
    form.querySelector('output').value = shown + ' of ' + rows.length;
  };
  form.addEventListener('input', show);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
  show();
}
for (const command of document.querySelectorAll('.command')) {
  const text = command.querySelector('code');
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.title = 'copy the command';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = 'Copied';
    } catch {
      // Browsers that forbid this still let the user copy a selection.
      getSelection().selectAllChildren(text);
      button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  command.querySelector('b').after(button);
}
`;
