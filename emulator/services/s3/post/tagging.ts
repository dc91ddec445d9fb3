import { parseXml } from '../../../wire/xmlParse.ts'
import { malformedXml } from '../errors.ts'

/** The `tagging` field of a form, which is a Tagging document, as the `x-amz-tagging` header of PutObject. Throws MalformedXML. */
export function xmlTags(document: string): string {
  const root = parseXml(document)
  const [set, ...more] = root?.children ?? []
  if (root?.name !== 'Tagging' || set?.name !== 'TagSet' || more.length > 0) throw malformedXml()
  return set.children
    .map((tag) => {
      const [key, value] = ['Key', 'Value'].map((name) => tag.children.find((child) => child.name === name))
      if (tag.name !== 'Tag' || !key || !value) throw malformedXml()
      return `${encodeURIComponent(key.text)}=${encodeURIComponent(value.text)}`
    })
    .join('&')
}
