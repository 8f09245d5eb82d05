using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(Kist.Native.Tests.Cli.CliServer))]

namespace Kist.Native.Tests.Cli;

/// <summary>One server as <c>./start.sh</c> sets it up, which the people of these tests share.</summary>
public sealed class CliServer : IAsyncDisposable
{
    private readonly Lazy<Task<KistServer>> _server = new(() => KistServer.StartQuickAsync());
    private int _names;

    /// <summary>The server.</summary>
    public Task<KistServer> GetAsync() => _server.Value;

    /// <summary>A person with the root token.</summary>
    public async Task<KistRun> RootAsync() => await PersonAsync((await GetAsync()).QuickStart.RootToken);

    /// <summary>A person with a token; null: with none.</summary>
    public async Task<KistRun> PersonAsync(string? token) =>
        new((await GetAsync()).Address.GetLeftPart(UriPartial.Authority), token);

    /// <summary>The path of a secret that no other test has, with <paramref name="fields"/> in it.</summary>
    public async Task<string> SecretAsync(string fields, string mount = "prod")
    {
        var path = $"{mount}/s{Interlocked.Increment(ref _names)}";
        using var root = await RootAsync();
        var saved = await root.WithInputAsync(fields, "put", path, "-");
        Assert.True(saved.ExitCode == 0, saved.Error);
        return path;
    }

    /// <summary>A name that no other test has.</summary>
    public string NewName(string stem) => $"{stem}{Interlocked.Increment(ref _names)}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated) await (await _server.Value).DisposeAsync();
    }
}

/// <summary>What these tests expect of a run.</summary>
internal static class RunExpectations
{
    /// <summary>It went well; returns its output.</summary>
    public static string Succeeded(this KistRun.Result ran)
    {
        Assert.True(ran.ExitCode == 0, $"exit code {ran.ExitCode}\n{ran.Output}{ran.Error}");
        return ran.Output;
    }

    /// <summary>It failed and said what happened and what to do.</summary>
    public static void Failed(this KistRun.Result ran, int exitCode, string error, string? hint)
    {
        var lines = ran.Error.Split('\n');
        Assert.True(ran.ExitCode == exitCode && lines[0].StartsWith("Error: ", StringComparison.Ordinal),
            $"exit code {ran.ExitCode}\n{ran.Output}{ran.Error}");
        Assert.Contains(error, lines[0]);
        if (hint is null) return;
        Assert.StartsWith("Try:   ", lines[1]);
        Assert.Contains(hint, lines[1]);
    }

    /// <summary>Its output is JSON and nothing else.</summary>
    public static JsonNode Json(this KistRun.Result ran)
    {
        var output = ran.Succeeded();
        try
        {
            return JsonNode.Parse(output)!;
        }
        catch (System.Text.Json.JsonException)
        {
            throw new Xunit.Sdk.XunitException("not JSON: " + output);
        }
    }
}
