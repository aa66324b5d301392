import catchNode from '../../../nodes/logic/catch.ts';
import change from '../../../nodes/logic/change.ts';
import join from '../../../nodes/logic/join.ts';
import split from '../../../nodes/logic/split.ts';
import switchNode from '../../../nodes/logic/switch.ts';
import { nodeSuite } from '../../suites/node.suite.ts';

for (const definition of [catchNode, change, join, split, switchNode]) nodeSuite(definition);
