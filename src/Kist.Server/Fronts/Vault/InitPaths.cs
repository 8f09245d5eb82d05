using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;

namespace Kist.Server.Fronts.Vault;

/// <summary><c>sys/init</c>.</summary>
internal sealed class InitPaths(Node node)
{
    private static readonly Field<long> Shares =
        Fields.Number("secret_shares", "Into how many shares the unseal key is cut");
    private static readonly Field<long> Threshold = Fields.Number("secret_threshold", "How many of them are needed");
    private static readonly Field<long> RecoveryShares =
        Fields.Number("recovery_shares", "Into how many shares the recovery key is cut");
    private static readonly Field<long> RecoveryThreshold =
        Fields.Number("recovery_threshold", "How many of them are needed");

    public NodePath[] All =>
        [new("sys/init") { Get = ReadAsync, Put = InitializeAsync, MaxBodyBytes = NodePath.LargeBodyBytes }];

    /// <summary>Why keys cannot be asked for in encrypted form; null when they are not.</summary>
    public static Fault? PgpRefusalOf(NodeBody body)
    {
        foreach (var name in (string[])["pgp_keys", "recovery_pgp_keys", "root_token_pgp_key", "pgp_key"])
            if (body.Has(name))
                return Fault.Invalid(
                    $"PGP encryption is not supported: leave {name} out and encrypt what you are given");
        return null;
    }

    /// <summary>Two numbers from a body, each cut to what a byte count can be wrong by.</summary>
    public static KeySplit SplitOf(NodeBody body, Field<long> shares, Field<long> threshold) =>
        new((int)Math.Clamp(body.Get(shares), -1, 100_000), (int)Math.Clamp(body.Get(threshold), -1, 100_000));

    private async ValueTask<Response> ReadAsync(NodeCall call)
    {
        var isInitialized = await node.IsInitializedAsync(call.Aborted);
        return Response.Json(json => json.WriteBoolean("initialized", isInitialized));
    }

    private async ValueTask<Response> InitializeAsync(NodeCall call)
    {
        var unseal = SplitOf(call.Body, Shares, Threshold);
        var recovery = SplitOf(call.Body, RecoveryShares, RecoveryThreshold);
        if (call.Body.Fault is { } malformed) return malformed;
        if (PgpRefusalOf(call.Body) is { } encrypted) return encrypted;
        var automatic = node.Parts.Seal;
        var foreign = automatic is null
            ? NamesOf(recovery, RecoveryShares, RecoveryThreshold)
            : NamesOf(unseal, Shares, Threshold);
        if (foreign.Length > 0)
            return Fault.Invalid(
                $"parameters {foreign} not applicable to seal type {automatic?.Type ?? ShamirSeal.TypeName}");
        var (keys, fault) = await node.InitializeAsync(automatic is null ? unseal : recovery, call.Aborted);
        if (fault is not null) return fault;
        using (keys) return Answer(keys!);
    }

    private static Response Answer(InitialKeys keys) => Response.Json(json =>
    {
        json.WriteKeys("keys", keys.AreRecovery ? [] : keys.Shares);
        if (keys.AreRecovery) json.WriteKeys("recovery_keys", keys.Shares);
        json.WriteString("root_token", keys.RootToken);
    });

    private static string NamesOf(KeySplit split, Field shares, Field threshold)
    {
        var names = new List<string>(2);
        if (split.Shares != 0) names.Add(shares.Name);
        if (split.Threshold != 0) names.Add(threshold.Name);
        return string.Join(',', names);
    }
}
