using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;

namespace Kist.Client.Tests;

public sealed class PackageTests
{
    [Fact]
    public async Task ThePackageBringsTheRulesAndFewDependencies()
    {
        var folder = Directory.CreateTempSubdirectory("kist-package-").FullName;
        var project = Path.Combine(KistBinary.RepositoryRoot, "src", "Kist.Client", "Kist.Client.csproj");
        var start = new ProcessStartInfo("dotnet",
            ["pack", project, "--no-build", "-c", "Release", "-o", folder, "-nodeReuse:false", "-tl:off", "-v", "q"])
        {
            RedirectStandardOutput = true,
        };
        using (var pack = Process.Start(start)!)
        {
            var output = await pack.StandardOutput.ReadToEndAsync();
            await pack.WaitForExitAsync();
            Assert.True(pack.ExitCode == 0, output);
        }
        using (var package = ZipFile.OpenRead(Directory.GetFiles(folder, "Kist.Client.*.nupkg").Single()))
        {
            var entries = package.Entries.Select(e => e.FullName).ToList();
            Assert.Contains("analyzers/dotnet/cs/Kist.Analyzers.dll", entries);
            Assert.Contains("analyzers/dotnet/cs/Kist.Analyzers.Fixes.dll", entries);
            Assert.Contains("lib/net10.0/Kist.Client.dll", entries);
            Assert.Contains("lib/net10.0/Kist.Client.xml", entries);
            using var specification = package.GetEntry("Kist.Client.nuspec")!.Open();
            var dependencies = XDocument.Load(specification).Descendants()
                .Where(e => e.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value);
            Assert.Equal(["Kist.Secrets"],
                dependencies.Where(d => !d.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)).Distinct());
        }
        Directory.Delete(folder, recursive: true);
    }
}
