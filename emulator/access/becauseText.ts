/** The matchers' reasons for not matching, as a person would say them. */
export const BECAUSE: Readonly<Record<string, string>> = {
  'value-does-not-match': 'the value differs',
  'absent-key-fails': 'the request has no such condition key',
  'key-absent': 'the request has no such condition key',
  'key-present': 'the request has that condition key',
  'multi-valued-key': 'a key with several values needs ForAnyValue or ForAllValues',
  'unknown-operator': 'AWS knows no such operator',
  'malformed-operand': 'a value of the condition is not an ARN',
  'action-not-listed': 'the action is not listed',
  'listed-in-not-action': 'NotAction lists the action',
  'no-action-element': 'it has no Action',
  'resource-not-listed': 'the resource is not listed',
  'listed-in-not-resource': 'NotResource lists the resource',
  'no-resource-element': 'it has no Resource',
  'variable-without-value': 'a policy variable has no value in this request',
  'principal-not-listed': 'the caller is not listed',
  'listed-in-not-principal': 'NotPrincipal lists the caller',
  'no-principal-element': 'it has no Principal',
  'encryption-context-differs': 'the encryption context differs',
  'child-operations-exceed': 'a grant made under it may not allow more operations',
  'child-constraints-looser': 'a grant made under it may not have looser constraints',
}

export const becauseText = (because: string): string => BECAUSE[because] ?? because.replaceAll('-', ' ')
