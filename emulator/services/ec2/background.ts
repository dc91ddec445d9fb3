import type { Environment } from '../../operation/call.ts'
import { continuationOf } from '../../operation/continuation.ts'
import type { KeyUses, Keys } from '../../operation/define.ts'
import type { Ec2Call, Ec2State, TaskRecord } from './state.ts'

/**
 * Work that EC2 does after its answer: what KMS is asked for, and the state that comes of it. It is a record until it has been done, so
 * that it survives a restart, and it is done once the emulator's clock has moved on by `env.asyncDelay`, as the request's caller with
 * the policies of that moment.
 */
export interface Task<P, U extends KeyUses> {
  readonly kind: string
  /** KMS operations it may perform, as `call.keys`. */
  readonly keyUse: U
  /**
   * Does it. May find that what it is about is gone, or done already (after a crash). A KMS refusal (AwsError) that it ends with is
   * recorded under the id of the original request; it must leave the state right before it throws one.
   */
  readonly run: (payload: P, call: Ec2Call<Keys<U>>) => Promise<void> | void
}

const tasks = new Map<string, Task<unknown, KeyUses>>()

/** Declares a kind of work, once per program. `P` is JSON. */
export function defineTask<P, const U extends KeyUses>(task: Task<P, U>): Task<P, U> {
  if (tasks.has(task.kind)) throw new Error(`task \`${task.kind}\` is declared twice`)
  // INVARIANT: a task gets only payloads that `later` was given for it, and keys made from its own uses.
  tasks.set(task.kind, task as unknown as Task<unknown, KeyUses>)
  return task
}

/**
 * Has work done after the answer. Call it in the transaction that makes it necessary.
 * @param id whose work it is; a second task of the same kind and id replaces the first
 * @param delay milliseconds, if not the usual
 */
export function later<P, U extends KeyUses>(
  task: Task<P, U>,
  id: string,
  payload: P,
  call: Ec2Call,
  delay: number = call.env.asyncDelay,
): void {
  const path = `${task.kind}/${id}`
  const record: TaskRecord = {
    kind: task.kind,
    at: call.env.clock.now() + delay,
    continuation: continuationOf(call),
    payload,
  }
  call.state.tasks.in().put(path, record)
  schedule(path, record, call.state, call.env)
}

/** Takes up what had not been done when the program ended, or what came with a loaded state. */
export function takeUpTasks(state: Ec2State, env: Environment): void {
  for (const { id, record } of state.tasks.all()) schedule(id, record, state, env)
}

function schedule(path: string, record: TaskRecord, state: Ec2State, env: Environment): void {
  env.clock.schedule(`ec2.task:${path}`, record.at, () => {
    // The transaction that asked for it may have been undone, or another have taken its place.
    if (state.tasks.in().get(path) === record) void perform(path, record, state, env)
  })
}

async function perform(path: string, record: TaskRecord, state: Ec2State, env: Environment): Promise<void> {
  const task = tasks.get(record.kind)
  if (!task) {
    env.log(`there is no work of the kind \`${record.kind}\`: \`${path}\` is left undone`)
    return
  }
  try {
    await env.goOn(record.continuation, task.keyUse, async (call) => {
      // INVARIANT: the continuation is of this service, so the state is its state.
      await task.run(record.payload, call as Ec2Call<Keys<KeyUses>>)
    })
  } catch (error) {
    logFailure(path, error, env)
  }
  try {
    const table = state.tasks.in()
    if (table.get(path) === record) table.delete(path)
  } catch (error) {
    // The store has been closed meanwhile: the record is taken up at the next start.
    logFailure(path, error, env)
  }
}

function logFailure(path: string, error: unknown, env: Environment): void {
  env.log(`\`${path}\` failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
}
