namespace Kist.Testing;

/// <summary>The files that <c>kist server --start</c> makes below <paramref name="Directory"/>.</summary>
public sealed record QuickStartFiles(string Directory)
{
    /// <summary>The folder of the database.</summary>
    public string Store => Path.Combine(Directory, "kist", "store");

    /// <summary>The folder in which audit files may be made.</summary>
    public string AuditFolder => Path.Combine(Directory, "kist", "audit");

    /// <summary>The audit file that is written from the start.</summary>
    public string AuditFile => Path.Combine(AuditFolder, "audit.log");

    /// <summary>The token of the first root.</summary>
    public string RootToken => File.ReadAllText(Path.Combine(Directory, ".config", "kist", "token")).Trim();
}
