import change from '../../../nodes/logic/change.ts';
import switchNode from '../../../nodes/logic/switch.ts';
import { nodeSuite } from '../../suites/node.suite.ts';

for (const definition of [change, switchNode]) nodeSuite(definition);
