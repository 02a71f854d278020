/** The only script of the page: it filters the tables of checks. */
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
`;
