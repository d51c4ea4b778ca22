import { get, remove } from '../../../../lib/rates'

export const runtime = 'edge'

interface Context {
  readonly params: Promise<{ base: string }>
}

export async function GET(_: Request, { params }: Context): Promise<Response> {
  return get((await params).base)
}

export async function DELETE(_: Request, { params }: Context): Promise<Response> {
  return remove((await params).base)
}
