namespace Kist.Testing;

/// <summary>Finds the kist program that tests run.</summary>
public static class KistBinary
{
    private static readonly Lazy<string> s_root = new(FindRoot);

    /// <summary>
    /// The program: <c>KIST_BINARY</c>, else the one that was built together with the tests, else
    /// <c>artifacts/kist</c>, else the newest build of the command line for the runtime. Throws
    /// <see cref="FileNotFoundException"/> when there is none.
    /// </summary>
    public static string Path { get; } = Find();

    /// <summary>The folder that holds <c>Kist.slnx</c>.</summary>
    public static string RepositoryRoot => s_root.Value;

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("KIST_BINARY") is { Length: > 0 } chosen)
        {
            var full = System.IO.Path.GetFullPath(chosen);
            return File.Exists(full) ? full : throw new FileNotFoundException("KIST_BINARY names no file", full);
        }
        var own = System.IO.Path.Combine(AppContext.BaseDirectory, "kist");
        if (File.Exists(own)) return own;
        var native = System.IO.Path.Combine(RepositoryRoot, "artifacts", "kist");
        if (File.Exists(native)) return native;
        return new[] { "Release", "Debug" }
            .Select(c => System.IO.Path.Combine(RepositoryRoot, "src", "Kist.Cli", "bin", c, "net10.0", "kist"))
            .Where(File.Exists)
            .MaxBy(File.GetLastWriteTimeUtc)
            ?? throw new FileNotFoundException("there is no kist to test: run ./build.sh", native);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Kist.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("no Kist.slnx above " + AppContext.BaseDirectory);
    }
}
