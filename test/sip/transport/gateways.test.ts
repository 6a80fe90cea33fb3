import { defaultGateways } from '../../../src/sip/transport/gateways';

const HEADER = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';

it('reads the default routes of /proc/net/route', () => {
  const routes = [
    'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n',
    'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n',
    'tun0\t00000000\t00000000\t0001\t0\t0\t200\t00000000\t0\t0\t0\n',
    'eth1\t00000000\t010011AC\t0003\t0\t0\t300\t00000000\t0\t0\t0\n',
  ];
  expect(defaultGateways(() => HEADER + routes.join(''))).toEqual(['192.168.1.1', '172.17.0.1']);
});

it('returns no gateways if the file is missing or empty', () => {
  const fail = (): never => {
    throw new Error('ENOENT');
  };
  expect(defaultGateways(fail)).toEqual([]);
  expect(defaultGateways(() => HEADER)).toEqual([]);
});
