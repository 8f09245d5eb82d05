using System.Globalization;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;

// Writes numbered pairs of keys with many tasks at once and prints a number after its pair is acknowledged, until it is
// killed or its standard input is closed (so that it cannot outlive the test).
var store = SqliteStore.Open(new SqliteStoreOptions { Directory = args[0] });
var output = Console.Out;
var next = 0;
_ = Task.Run(() =>
{
    while (Console.In.Read() >= 0) { }
    Environment.Exit(0);
});
await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
{
    while (true)
    {
        var number = Interlocked.Increment(ref next).ToString(CultureInfo.InvariantCulture);
        var value = System.Text.Encoding.UTF8.GetBytes(number);
        await store.CommitAsync(new Batch().Put($"a/{number}", value).Put($"b/{number}", value), default);
        lock (output)
        {
            output.WriteLine(number);
            output.Flush();
        }
    }
})));
