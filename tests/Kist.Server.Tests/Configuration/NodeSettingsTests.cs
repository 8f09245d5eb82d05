using Kist.Server.Configuration;
using Xunit;

namespace Kist.Server.Tests.Configuration;

/// <summary>What a node is told of its place among the others.</summary>
public sealed class NodeSettingsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-config-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void ANameAndATermAreTakenAsTheyStand()
    {
        var (config, error) = Read("node_id = \"rack-2_b.1\"\nleadership_ttl = \"90s\"");
        Assert.Null(error);
        Assert.Equal(("rack-2_b.1", TimeSpan.FromSeconds(90)), (config!.NodeId, config.LeadershipTtl));
        (config, _) = Read("");
        Assert.Equal((null, TimeSpan.FromSeconds(10)), (config!.NodeId, config.LeadershipTtl));
    }

    [Theory]
    [InlineData("node_id = \"\"")]
    [InlineData("node_id = \"..\"")]
    [InlineData("node_id = \".hidden\"")]
    [InlineData("node_id = \"a/b\"")]
    [InlineData("node_id = \"a b\"")]
    [InlineData("node_id = \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg\"")]
    [InlineData("leadership_ttl = \"999ms\"")]
    [InlineData("leadership_ttl = \"301s\"")]
    [InlineData("leadership_ttl = \"soon\"")]
    public void OtherNamesAndTermsAreRefusedByLine(string line)
    {
        var (config, error) = Read(line);
        Assert.Null(config);
        Assert.Contains($"line 2, column 1: {line[..line.IndexOf(' ')]} must be", error);
    }

    private (ServerConfig? Config, string? Error) Read(string lines)
    {
        var file = Path.Combine(_folder.FullName, "kist.hcl");
        File.WriteAllText(file, $"storage \"inmem\" {{}}\n{lines}\n");
        return ConfigReader.Read(file);
    }
}
