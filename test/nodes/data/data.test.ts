import template from '../../../nodes/data/template.ts';
import { nodeSuite } from '../../suites/node.suite.ts';

nodeSuite(template);
