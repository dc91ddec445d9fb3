import type { ConditionContext } from '../types.ts'
import { addLiteral, addPattern, compileGlob, globOf, type Glob } from './glob.ts'

type Part =
  /** As written: `*` and `?` are wildcards where wildcards count. */
  | { readonly kind: 'written'; readonly text: string }
  /** From an escape: `${*}`, `${?}`, `${$}`. */
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | undefined }

/** A text of a policy in which variables may stand (facts: C9). */
export interface Template {
  readonly raw: string
  readonly parts: readonly Part[]
  /** The text when it holds no variables. */
  readonly text: string | undefined
  /** The pattern when it holds no variables. */
  readonly glob: Glob | undefined
}

const REFERENCE = /\$\{([^}]*)\}/g
const VARIABLE = /^\s*([^\s,][^,]*?)\s*(?:,\s*'([^']*)'\s*)?$/
const ESCAPES: ReadonlySet<string> = new Set(['*', '?', '$'])

/** @param variables false in documents of version 2008-10-17, where `${…}` is plain text. */
export function compileTemplate(raw: string, variables: boolean): Template {
  if (!variables || !raw.includes('${'))
    return { raw, parts: [{ kind: 'written', text: raw }], text: raw, glob: compileGlob(raw) }
  const parts = partsOf(raw)
  if (parts.some((part) => part.kind === 'variable')) return { raw, parts, text: undefined, glob: undefined }
  const fixed: Template = { raw, parts, text: undefined, glob: undefined }
  return { raw, parts, text: expandText(fixed, NOTHING), glob: expandGlob(fixed, NOTHING) }
}

function partsOf(raw: string): Part[] {
  const parts: Part[] = []
  let from = 0
  for (const found of raw.matchAll(REFERENCE)) {
    const [whole, inner = ''] = found
    if (found.index > from) parts.push({ kind: 'written', text: raw.slice(from, found.index) })
    parts.push(referenceOf(inner))
    from = found.index + whole.length
  }
  if (from < raw.length) parts.push({ kind: 'written', text: raw.slice(from) })
  return parts
}

function referenceOf(inner: string): Part {
  if (ESCAPES.has(inner)) return { kind: 'literal', text: inner }
  const [, name, fallback] = VARIABLE.exec(inner) ?? []
  // What is not a variable's name names no key, and what holds it never matches.
  return { kind: 'variable', name: (name ?? inner).toLowerCase(), fallback }
}

/** The keys a template asks for, as written: also the escapes (facts: captures 11.6). */
export function referencesOf(raw: string): string[] {
  return [...raw.matchAll(REFERENCE)].map(([, inner = '']) => VARIABLE.exec(inner)?.[1] ?? inner)
}

/** @returns the text with variables replaced, or undefined when one has no value. */
export function expandText(template: Template, context: ConditionContext): string | undefined {
  if (template.text !== undefined) return template.text
  let text = ''
  for (const part of template.parts) {
    const piece = part.kind === 'variable' ? valueOf(part.name, part.fallback, context) : part.text
    if (piece === undefined) return undefined
    text += piece
  }
  return text
}

/** @returns the pattern with variables replaced by literal text, or undefined when one has no value. */
export function expandGlob(template: Template, context: ConditionContext): Glob | undefined {
  if (template.glob) return template.glob
  const tokens: number[] = []
  for (const part of template.parts) {
    if (part.kind === 'written') addPattern(tokens, part.text)
    else {
      const piece = part.kind === 'literal' ? part.text : valueOf(part.name, part.fallback, context)
      if (piece === undefined) return undefined
      addLiteral(tokens, piece)
    }
  }
  return globOf(tokens)
}

/** A multi-valued key never expands, not even to its default (facts: captures 10.1). */
function valueOf(name: string, fallback: string | undefined, context: ConditionContext): string | undefined {
  const value = context.get(name)
  if (value === undefined) return fallback
  return typeof value === 'string' ? value : undefined
}

const NOTHING: ConditionContext = { get: () => undefined, names: () => [] }
