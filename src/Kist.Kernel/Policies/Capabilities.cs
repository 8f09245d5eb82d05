using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Policies;

/// <summary>What a rule grants on its paths; <see cref="Deny"/> is never together with another.</summary>
[Flags]
public enum Capabilities : ushort
{
    None = 0,
    Deny = 1,
    Create = 2,
    Read = 4,
    Update = 8,
    Delete = 16,
    List = 32,
    Sudo = 64,
    Patch = 128,
    /// <summary>Receives events about the path.</summary>
    Subscribe = 256,
    /// <summary>Reads the path from a loaded snapshot.</summary>
    Recover = 512,
}

/// <summary>The names of capabilities in policies and answers.</summary>
internal static class CapabilityNames
{
    // Sorted by name: the order in which clients see them.
    private static readonly (string Name, Capabilities Flag)[] ByName =
    [
        ("create", Capabilities.Create), ("delete", Capabilities.Delete), ("list", Capabilities.List),
        ("patch", Capabilities.Patch), ("read", Capabilities.Read), ("recover", Capabilities.Recover),
        ("subscribe", Capabilities.Subscribe), ("sudo", Capabilities.Sudo), ("update", Capabilities.Update),
    ];

    /// <summary>The capability called <paramref name="name"/>, or none when there is no such.</summary>
    internal static Capabilities Parse(string name)
    {
        if (name == "deny") return Capabilities.Deny;
        foreach (var (known, flag) in ByName)
            if (known == name) return flag;
        return Capabilities.None;
    }

    /// <summary>Sorted names; <c>deny</c> alone when denied or when nothing is granted.</summary>
    internal static string[] Of(Capabilities capabilities) =>
        capabilities is Capabilities.None || capabilities.HasFlag(Capabilities.Deny)
            ? ["deny"]
            : [.. ByName.Where(entry => (capabilities & entry.Flag) != 0).Select(entry => entry.Name)];

    /// <summary>
    /// What <paramref name="operation"/> needs; an operation this table does not know needs what nobody has.
    /// </summary>
    internal static Capabilities Needed(Operation operation) => operation switch
    {
        Operation.Read => Capabilities.Read,
        Operation.List => Capabilities.List,
        Operation.Create => Capabilities.Create,
        Operation.Update => Capabilities.Update,
        Operation.Patch => Capabilities.Patch,
        Operation.Delete => Capabilities.Delete,
        _ => Capabilities.None,
    };
}
