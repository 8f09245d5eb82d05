using Kist.Formats.Sops.Config;

namespace Kist.Fuzz;

/// <summary>The parser of <c>.sops.yaml</c>, and the rules in it.</summary>
internal static class SopsConfigTargets
{
    public static void File(ReadOnlySpan<byte> bytes)
    {
        if (!SopsConfig.Parse(bytes, "/repo/.sops.yaml", DateTimeOffset.UnixEpoch).Try(out var config, out _)) return;
        config.CreationRules();
        config.CreationRuleFor("/repo/prod/a.yaml");
        config.DestinationRuleFor("/repo/prod/a.yaml");
        config.Without("age1d4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f55");
    }
}
