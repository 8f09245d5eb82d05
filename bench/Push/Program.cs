// How soon an application that uses Kist.Client has what another one wrote.
// Kist.Bench.Push ADDRESS TOKEN-FILE COUNT: milliseconds, one a line, each from the answer to the write until the value
// is in the application's cache and its watcher has been called.
using System.Diagnostics;
using System.Globalization;
using Kist.Client;
using Kist.Client.Logins;

var (address, file, count) = (new Uri(args[0]), args[1], int.Parse(args[2], CultureInfo.InvariantCulture));
await using var writer = Client();
await using var reader = Client();
const string name = "push/pick-up";
await writer.Kv2("prod").WriteAsync(name, [new("at", "start")]);
await reader.Secrets.GetAsync("prod/" + name);
var (arrived, before) = (new SemaphoreSlim(0), 0L);
using var watching = reader.Secrets.Watch("prod/" + name, () => arrived.Release());
if (!reader.Secrets.IsPushed) throw new InvalidOperationException("the server does not push changes");
for (var i = 0; i < count; i++)
{
    // The watcher may be told before the writer has its answer: that is no time at all.
    await writer.Kv2("prod").WriteAsync(name, [new("at", $"{i}")]);
    before = Stopwatch.GetTimestamp();
    if (!await arrived.WaitAsync(TimeSpan.FromSeconds(10))) throw new TimeoutException("a change did not arrive");
    var took = Stopwatch.GetElapsedTime(before).TotalMilliseconds;
    Console.WriteLine(took.ToString("0.000", CultureInfo.InvariantCulture));
    using var value = (await reader.Secrets.GetAsync("prod/" + name))["at"];
    if (value.Reveal() != $"{i}") throw new InvalidOperationException("an old value arrived");
}
// Now nothing changes: who asks nevertheless shows in the audit.
Console.WriteLine("idle");
Console.ReadLine();

KistClient Client() => new(new KistClientOptions { Address = address, Login = TokenLogin.FromFile(file) });
