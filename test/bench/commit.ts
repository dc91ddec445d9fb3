import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Checks an earlier commit out beside this one and builds it; returns its folder. It shares this checkout's dependencies. */
export async function buildCommit(commit: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'twokey-commit-'))
  process.stderr.write(`building ${commit} …\n`)
  execFileSync('git', ['worktree', 'add', '--detach', folder, commit], { stdio: 'ignore' })
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  // Commits before it have only the compiler.
  const tool = join(folder, 'tools/build.mjs')
  const build = existsSync(tool)
    ? [tool, '--stage', join(folder, 'stage')]
    : [join(folder, 'node_modules/typescript/bin/tsc'), '-p', join(folder, 'tsconfig.build.json')]
  execFileSync(process.execPath, build, { cwd: folder, stdio: 'inherit' })
  execFileSync('git', ['worktree', 'prune'])
  return `${folder}/`
}
