/**
 * A validator that follows Standard Schema version 1 (https://standardschema.dev): Zod, Valibot, ArkType and others do.
 * Only what the cache reads is declared here.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** The result of a validation: the output, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] }

/** The type of a schema's output. */
export type SchemaOutput<Schema> = Schema extends StandardSchema<infer Output> ? Output : never

/** The schema's output for a stored value; `undefined` if it rejects it. */
export async function validate(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  return result.issues === undefined ? result.value : undefined
}
