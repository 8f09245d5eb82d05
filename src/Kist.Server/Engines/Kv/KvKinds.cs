using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// The mount types of key-value secrets. <c>kv</c> and <c>generic</c> (its old name) are what a mount can be; the
/// option <c>version</c> chooses between <see cref="UnversionedEngine"/> and <see cref="VersionedEngine"/>.
/// <c>kv-v1</c> and <c>kv-v2</c> are other words for <c>kv</c> with that option.
/// </summary>
public static class KvKinds
{
    /// <summary>The engine.</summary>
    public static EngineKind Kv { get; } = Of("kv", "1");

    /// <summary>Its name from before it had versions.</summary>
    public static EngineKind Generic { get; } = Of("generic", "1");

    /// <summary>Version 1, whatever the options leave out.</summary>
    public static EngineKind KvV1 { get; } = Of("kv-v1", "1");

    /// <summary>Version 2, whatever the options leave out.</summary>
    public static EngineKind KvV2 { get; } = Of("kv-v2", "2");

    /// <summary>The version that a mount of <paramref name="type"/> with <paramref name="options"/> has.</summary>
    internal static string VersionOf(string type, IReadOnlyDictionary<string, string>? options) =>
        options?.GetValueOrDefault("version") is { Length: > 0 } version ? version : type == "kv-v2" ? "2" : "1";

    /// <summary>The refusal of a version that there is not.</summary>
    internal static Fault UnknownVersion { get; } = Fault.Invalid("unknown version of kv: use 1 or 2");

    private static EngineKind Of(string type, string version) => new(type, false, context =>
        (context.Entry.Options?.GetValueOrDefault("version") is { Length: > 0 } asked ? asked : version) switch
        {
            "1" => new UnversionedEngine(context),
            "2" => new VersionedEngine(context),
            _ => null,
        });
}
