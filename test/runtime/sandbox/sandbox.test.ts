import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { sandboxSuite } from '../../suites/sandbox.suite.ts';

sandboxSuite(async () => {
  const door = new SandboxSupervisor();
  return { door, close: () => door.close() };
});
