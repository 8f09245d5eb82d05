using System.Text.Json;
using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>With <c>--json</c> every command prints JSON and nothing else.</summary>
public sealed class JsonOutputTests : IAsyncLifetime
{
    // In this order on one server. What stands after < goes to standard input; $NAME was seen in an earlier answer.
    private const string Script = """
        operator init --key-shares 1 --key-threshold 1 --save-token
        operator unseal - < $keys_base64
        status
        version
        mount enable kv --path prod
        mount list
        mount tune prod
        mount tune prod --description x
        put prod/x a=1
        put prod/x b=2 --patch
        get prod/x
        get prod/x a
        list
        list prod
        list --recursive
        history prod/x
        rollback prod/x --version 1
        delete prod/x
        undelete prod/x --versions 3
        destroy prod/x --versions 1 --yes
        delete prod/x --all --yes
        policy write p - < path "prod/data/x" { capabilities = ["read"] }
        policy read p
        policy list
        policy fmt - < path "x" { }
        policy delete p
        token create --policy default --ttl 1h
        token create --policy default --field token
        token renew --accessor $accessor
        token lookup --accessor $accessor
        token lookup
        token capabilities prod/data/x
        lease list auth/token/create
        lease lookup auth/token/create/$keys
        lease revoke auth/token/create/$keys
        token create --policy default
        token revoke --accessor $accessor
        token roles write r orphan=true
        token roles list
        token roles read r
        token roles delete r
        wrap a=1
        unwrap - < $token
        audit enable file file_path=data/audit/a.log
        audit list
        audit hash file < value
        audit verify data/audit/a.log
        audit disable file --yes
        mount enable userpass --auth
        write auth/userpass/users/alice password=- < correct horse
        login --method userpass --username alice --no-store < correct horse
        login - < $root_token
        read sys/health
        write cubbyhole/x a=b
        delete-path cubbyhole/x
        operator key-status
        operator rotate
        operator rekey --init --key-shares 1 --key-threshold 1
        operator rekey --status
        operator rekey --cancel
        operator generate-root --init
        operator generate-root --status
        operator generate-root - < $keys_base64
        operator generate-root --decode $encoded_token < $otp
        operator generate-root --init
        operator generate-root --cancel
        mount disable prod --yes
        age keygen -o key
        age encrypt -r $public_key -o encrypted - < sesame
        age decrypt -i key -o decrypted encrypted
        scan - < nothing to see here
        operator seal
        """;

    // They run something else, print a script, or need what this version's engines do not give: a lease that can be
    // renewed, a seal to leave, a repository (those are in Scan/).
    private static readonly string[] s_without = ["run", "redact", "agent", "server", "completion", "lease renew",
        "operator migrate", "hook install", "hook uninstall", "hook run", "doctor"];

    // Their answer is a file, and their own tests read it.
    private static readonly string[] s_files =
        ["file ", "sops ", "env ", "operator backup", "operator restore", "operator migrate-store"];

    private readonly Dictionary<string, string> _seen = new(StringComparer.Ordinal);
    private KistServer? _server;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _server = await KistServer.StartConfiguredAsync((_, port) => $$"""
        storage "sqlite" { path = "data" }
        listener "tcp" { address = "127.0.0.1:{{port}}" }
        """);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Fact]
    public async Task Every_command_prints_JSON()
    {
        // Its home is the server's: the audit file that is verified lies there.
        using var kist = new KistRun(_server!.Address.GetLeftPart(UriPartial.Authority), token: null);
        var wrong = new List<string>();
        foreach (var line in Script.Split('\n', StringSplitOptions.TrimEntries))
        {
            var (command, input) = line.Split(" < ", 2) is [var before, var after] ? (before, after) : (line, "");
            string[] words = [.. command.Split(' ').Select(Known), "--json"];
            var ran = await kist.WithInputAsync(
                Known(input), [.. words.Select(w => w.Replace("data/a", _server.Directory + "/data/a"))]);
            if (Read(ran) is { } problem) wrong.Add($"{line}: {problem}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public async Task No_command_is_forgotten_here()
    {
        using var kist = new KistRun();

        var commands = await CommandTree.LeavesAsync(kist);

        Assert.Contains("token roles list", commands);
        commands.RemoveAll(c => s_files.Any(f => c.StartsWith(f, StringComparison.Ordinal)));
        Assert.All(commands.Except(s_without), c => Assert.Contains(
            Script.Split('\n'), l => l == c || l.StartsWith(c + " ", StringComparison.Ordinal)));
    }

    /// <summary>A <c>$NAME</c> by the value that an answer gave it.</summary>
    private string Known(string word)
    {
        var at = word.IndexOf('$');
        return at < 0 ? word : word[..at] + _seen[word[(at + 1)..]];
    }

    private string? Read(KistRun.Result ran)
    {
        if (ran.ExitCode != 0) return $"exit code {ran.ExitCode}: {ran.Error}";
        try
        {
            if (JsonNode.Parse(ran.Output) is JsonObject answer)
                foreach (var (name, value) in answer)
                    if ((value is JsonArray { Count: > 0 } many ? many[0] : value) is JsonValue one
                        && one.ToString().Length > 0)
                        _seen[name] = one.ToString();
            return null;
        }
        catch (JsonException)
        {
            return "no JSON: " + ran.Output;
        }
    }
}
