import { h } from './dom.js'

/**
 * Asks before something that cannot be taken back.
 * @param {{ title: string, text: string, action: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, action }) {
  const { promise, resolve } = Promise.withResolvers()
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'question' },
    h('h2', { id: 'question' }, title),
    h('p', null, text),
    h(
      'div',
      { class: 'actions' },
      h(
        'button',
        {
          type: 'button',
          autofocus: true,
          onclick: () => {
            dialog.close('')
          },
        },
        'Cancel',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'danger',
          onclick: () => {
            dialog.close('yes')
          },
        },
        action,
      ),
    ),
  )
  dialog.addEventListener('close', () => {
    dialog.remove()
    resolve(dialog.returnValue === 'yes')
  })
  document.body.append(dialog)
  dialog.showModal()
  return promise
}
