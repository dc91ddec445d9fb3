// Before the page is painted: a choice made earlier stands. Otherwise the system's preference does (base.css).
try {
  const chosen = localStorage.getItem('twokey-theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen
} catch {
  // Storage is closed to this page: nothing was chosen.
}
