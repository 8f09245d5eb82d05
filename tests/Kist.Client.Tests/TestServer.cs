using System.Text.Json;
using Kist.Client.Logins;

namespace Kist.Client.Tests;

/// <summary>One dev server for all tests that do not stop theirs; each has mounts and users of its own.</summary>
public sealed class TestServer : IAsyncLifetime
{
    private static int s_number;

    /// <summary>How long a test waits for what happens by itself. A failure of the product, never of the machine.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public KistServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await KistServer.StartDevAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>A name that no other test uses.</summary>
    public static string NewName() => $"t{Interlocked.Increment(ref s_number)}";

    /// <summary>What root may do, past the client.</summary>
    public async Task<Answer> RootAsync(string method, string path, string? json = null)
    {
        var answer = await Server.SendAsync(method, $"/v1/{path}", KistServer.DevRootToken, json);
        Assert.True(answer.Status < 300, $"{method} {path}: {answer.Status} {answer.Text}");
        return answer;
    }

    /// <summary>Writes a secret with one field into the dev server's <c>secret/</c>.</summary>
    public Task<Answer> PutAsync(string name, string field, string value) => RootAsync("POST", $"secret/data/{name}",
        $$$"""{"data":{"{{{field}}}":{{{JsonSerializer.Serialize(value)}}}}}""");

    /// <summary>A client with root's token, or another login.</summary>
    public KistClient NewClient(ILogin? login = null, Action<KistClientOptions>? change = null) =>
        NewClient(Server.Address, login, change);

    /// <summary>As above, for any address.</summary>
    public static KistClient NewClient(Uri address, ILogin? login = null, Action<KistClientOptions>? change = null)
    {
        var options = new KistClientOptions
        {
            Address = address, Login = login ?? TokenLogin.Of(KistServer.DevRootToken),
        };
        change?.Invoke(options);
        return new KistClient(options);
    }

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<ValueTask<bool>> holds, string what)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            if (limit.IsCancellationRequested) Assert.Fail($"it does not come to pass that {what}");
            await Task.Delay(5);
        }
    }

    /// <summary>Waits until something holds.</summary>
    public static Task UntilAsync(Func<bool> holds, string what) =>
        UntilAsync(() => new ValueTask<bool>(holds()), what);
}
