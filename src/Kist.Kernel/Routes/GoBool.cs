namespace Kist.Kernel.Routes;

/// <summary>Truth values as Vault reads them from texts: Go's, which have no other case (pkg.go.dev/strconv).</summary>
public static class GoBool
{
    /// <summary>What <paramref name="text"/> says; null: neither. An empty text says nothing.</summary>
    public static bool? Parse(string? text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };
}
