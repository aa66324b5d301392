export const deploy = {
  'deploy.done': 'Deployed: revision {n}',
  'deploy.failed': 'Deploy was refused',
  'deploy.state-live': 'The flow is live.',
  'deploy.state-stopped': 'The flow is stopped.',
  'deploy.state-failed': 'The flow could not start.',
  'deploy.started': { one: '{n} node started', other: '{n} nodes started' },
  'deploy.stopped': { one: '{n} node stopped', other: '{n} nodes stopped' },
  'deploy.kept': { one: '{n} node went on', other: '{n} nodes went on' },
  'deploy.running': 'Deploying',
  'deploy.dismiss': 'Close',
  'deploy.problems': { one: '{n} problem', other: '{n} problems' },
  'deploy.show': 'Show them',
} as const;
