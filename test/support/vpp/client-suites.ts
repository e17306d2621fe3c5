// All of the client's tests, declared at once as ava wants it.
import "../../binapi/client.test.js";
import "../../binapi/endings.test.js";
import "../../binapi/subscriptions.test.js";
