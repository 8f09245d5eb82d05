using Microsoft.Extensions.Configuration;

namespace Kist.Client.Configuration;

/// <summary>Resolves the references in the settings of all sources before it.</summary>
internal sealed class KistConfigurationSource(KistClient client, KistConfigurationOptions options)
    : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder)
    {
        // A ConfigurationManager has built its sources; a plain builder's are built once more for looking into.
        if (builder is IConfigurationRoot root)
            return new KistConfigurationProvider(client, options, () => root.Providers);
        var earlier = new ConfigurationBuilder();
        foreach (var (key, value) in builder.Properties) earlier.Properties[key] = value;
        foreach (var source in builder.Sources.TakeWhile(s => s != this)) earlier.Add(source);
        var looked = earlier.Build();
        return new KistConfigurationProvider(client, options, () => looked.Providers);
    }
}
