using Kist.Formats.Age;

namespace Kist.Formats.Tests.Age;

/// <summary>The files under Data/age.</summary>
internal static class AgeData
{
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Data", "age");

    public static byte[] Read(params string[] path) => File.ReadAllBytes(Path.Combine([Folder, .. path]));

    public static IReadOnlyList<IAgeIdentity> Identities(string keyFile)
    {
        var outcome = AgeIdentity.ParseFile(Read("keys", keyFile), keyFile);
        Assert.Null(outcome.Fault);
        return outcome.Value!;
    }

    /// <summary>Decrypts; what was released stands beside the fault.</summary>
    public static (AgeFault? Fault, byte[] Plain) Decrypt(
        byte[] file, IReadOnlyList<IAgeIdentity> identities, bool? armored = null)
    {
        using var input = new MemoryStream(file);
        using var output = new MemoryStream();
        return (AgeFile.Decrypt(input, output, identities, armored), output.ToArray());
    }
}
